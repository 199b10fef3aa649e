import{i as a,j as b,k as c}from"./chunk-N5WOMMNN.js";import"./chunk-UW7DXXUH.js";export{a as Layers,b as Under,c as createViewer};
