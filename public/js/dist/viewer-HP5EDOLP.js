import{i as a,j as b}from"./chunk-7UQSV2BL.js";export{a as Under,b as createViewer};
