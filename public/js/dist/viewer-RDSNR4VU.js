import{j as a,k as b}from"./chunk-DL3CANBU.js";import"./chunk-74V2G5BH.js";export{a as Under,b as createViewer};
