import{j as a,k as b}from"./chunk-B55XHCD7.js";export{a as Under,b as createViewer};
